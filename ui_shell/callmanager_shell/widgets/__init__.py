"""Small widgets that everything else is made of; they paint themselves from the look in force."""
