"""AWS KMS as moto plays it, over TLS, on a free port, until standard input ends.

kms_aws.py CERT KEY: prints one line of JSON, {"port", "keys": [ARN, ARN]}. With INITIAL_NO_AUTH_ACTION_COUNT=0 in the
environment it asks for credentials, which nobody has.
"""

import json
import os
import sys
import threading

from moto.kms.models import kms_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

REGION = "eu-central-1"
ACCOUNT = "123456789012"


def make_key():
    key = kms_backends[ACCOUNT][REGION].create_key(
        policy=None, key_usage="ENCRYPT_DECRYPT", key_spec="SYMMETRIC_DEFAULT", description="", tags=[]
    )
    return key.arn


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


cert, key = sys.argv[1:]
app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=(cert, key))
print(json.dumps({"port": server.server_port, "keys": [make_key(), make_key()]}), flush=True)
threading.Thread(target=end_with_parent, daemon=True).start()
server.serve_forever()
