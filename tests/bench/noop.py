"""The limit of the stack: a Falcon application that does nothing. Run by gunicorn beside control."""

import falcon


class Nothing:
    def on_get(self, req, resp):
        resp.status = falcon.HTTP_204


app = falcon.App()
app.add_route("/nothing", Nothing())
