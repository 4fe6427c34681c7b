"""Asks a running server for everything that its description allows, and for what it doesn't, and holds each answer against
the description.

openapi.py DESCRIPTION URL CA EXAMPLES [COOKIE]: EXAMPLES are of each operation; without a cookie it is nobody who asks.
"""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "schemathesis"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# what ends the login that asks
ENDS = "^/api/v1/sessions?$"


def main():
    description, url, ca, examples, *cookie = sys.argv[1:]
    command = [sys.executable, PROGRAM, "run", description, "--url", url, "--tls-verify", ca, "--no-color"]
    command += ["--checks", CHECKS, "--phases", "fuzzing", "--max-examples", examples, "--workers", "1"]
    command += ["--generation-deterministic", "--suppress-health-check", "all"]
    command += ["--generation-with-security-parameters", "false", "--warnings", "off", "--request-timeout", "30"]
    if cookie:
        command += ["--header", f"Cookie: {cookie[0]}", "--exclude-path-regex", ENDS]
    sys.exit(subprocess.run(command, check=False).returncode)


main()
