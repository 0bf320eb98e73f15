"""The pages: rendered by Jinja2, signed in by cookie, usable without JavaScript. One module per place of the site."""
