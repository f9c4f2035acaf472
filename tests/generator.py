"""The webhook's generator as Argo CD's ApplicationSet asks it, for tests."""

import http.client
import json

PATH = "/api/v1/getparams.execute"
JSON = {"Content-Type": "application/json"}


def question(**parameters):
    return {"applicationSetName": "stores", "input": {"parameters": parameters}}


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def parameters(self):
        assert self.status == 200, f"{self.status}: {self.body.decode()}"
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)["output"]["parameters"]

    @property
    def names(self):
        return [entry["name"] for entry in self.parameters]

    def fails(self, status, *says):
        """Its message as Argo CD shows it; nothing that it could take for a list."""
        assert self.status == status, f"{self.status}: {self.body.decode()}"
        said = json.loads(self.body)
        assert "output" not in said
        for text in says:
            assert text in said["message"], said["message"]
        return said["message"]


class Generator:
    """Where one listens, and the token that it wants."""

    def __init__(self, address, token_file):
        self.host, port = address.rsplit(":", 1)
        self.port, self.token_file = int(port), token_file

    def send(self, method="POST", path=PATH, body=None, headers=None, seconds=40):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def ask(self, body=None, token=None, **kwargs):
        """With the right token unless another is given."""
        token = self.token_file.read_text().strip() if token is None else token
        body = question() if body is None else body
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.send(body=text, headers={**JSON, "Authorization": f"Bearer {token}"},
                         **kwargs)


def started(lines):
    """What the last process said that has begun to serve, of a log's lines as objects."""
    return [line for line in lines if line["message"] == "serving"][-1]
