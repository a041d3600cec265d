"""The sub-commands of `callmanager-admin`, one module each; `add` of a module makes its parser and says what runs."""
