"""The one HTTP client of the product: what plugins get as `ctx.http`. httpx is imported at the first request only."""
