"""The tutorial's server, rewritten for the bench: answers at once, asks Dify in a thread, stores nothing.

Usage: flask_tutorial.py PORT DIFY_URL GITLAB_URL
"""

import json
import logging
import sys
import threading
import urllib.request

from flask import Flask, request

port, dify_url, gitlab_url = int(sys.argv[1]), sys.argv[2], sys.argv[3]
app = Flask(__name__)
logging.getLogger("werkzeug").setLevel(logging.ERROR)


def ask_dify(token: str, project: int) -> None:
    inputs = {
        "PrivateToken": token,
        "prjid": str(project),
        "siteurl": gitlab_url,
        "branch": "master",
        "state": "opened",
    }
    body = json.dumps({"inputs": inputs, "response_mode": "blocking", "user": "bench"}).encode()
    headers = {"Authorization": "Bearer app-bench", "Content-Type": "application/json"}
    asked = urllib.request.Request(f"{dify_url}/v1/workflows/run", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            json.load(answer)
    except OSError as error:
        print(error, file=sys.stderr)


@app.post("/gitlab-webhook")
def webhook():
    event = request.get_json()
    if event.get("object_kind") == "merge_request" and event["object_attributes"]["state"] == "opened":
        token = request.headers.get("X-Gitlab-Token", "")
        threading.Thread(target=ask_dify, args=(token, event["project"]["id"]), daemon=True).start()
    return "", 200


app.run(host="127.0.0.1", port=port, threaded=True)
