#!/usr/bin/env python3
"""Opens what UNTXT sealed without UNTXT: with Google's Tink (PyPI: tink) and what a backup holds.

    open_with_tink.py FACTS.json PLACE... < sealed > clear

PLACE says what is opened: `metadata` (documents.metadata_sealed), `page TASK NUMBER` (pages.content_sealed),
`object PATH` (a file of the object store, such as documents/ID/original), or a name of `folders ID` or `tags ID`.

FACTS.json, all bytes in hex:
    owner, document                           their ids
    document_key                              documents.wrapped_key
    label_key                                 label_keys.wrapped_key, for names of folders and tags
    owner_key                                 the owner's key, unwrapped by the key service; or, with a key file:
    root_key_file, root_key_id, owner_key_wrapped, owner_key_version
"""

import hashlib
import hmac
import io
import json
import sys
from uuid import UUID

from tink import aead, proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, aes_gcm_pb2, common_pb2, tink_pb2

TYPE_PREFIX = "type.googleapis.com/google.crypto.tink."
SEGMENT = 1 << 20
PURPOSES = {"original": "original", "page_image": "page image", "searchable_pdf": "export"}

aead.register()
streaming_aead.register()


def keyset(name, key, key_id, prefix):
    """Makes a keyset of one key."""
    data = tink_pb2.KeyData(
        type_url=TYPE_PREFIX + name, value=key.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC
    )
    one = tink_pb2.Keyset.Key(key_data=data, status=tink_pb2.ENABLED, key_id=key_id, output_prefix_type=prefix)
    serialized = tink_pb2.Keyset(primary_key_id=key_id, key=[one]).SerializeToString()
    return proto_keyset_format.parse(serialized, secret_key_access.TOKEN)


def value_primitive(key, key_id):
    handle = keyset("AesGcmKey", aes_gcm_pb2.AesGcmKey(key_value=key), key_id, tink_pb2.TINK)
    return handle.primitive(aead.Aead)


def file_primitive(key):
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(key_value=key, params=parameters)
    return keyset("AesGcmHkdfStreamingKey", key, 1, tink_pb2.RAW).primitive(streaming_aead.StreamingAead)


def fields(*parts):
    """Joins fields so that none flows into another: each after its length, 64 bits, big endian."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def number(value):
    return value.to_bytes(4, "big")


def bound(key_id, associated_data):
    """What a value is really bound to: Tink leaves the key id in its prefix open, so it stands here once more."""
    return fields(number(key_id), associated_data)


def open_value(key, associated_data, sealed):
    key_id = int.from_bytes(sealed[1:5], "big")
    return value_primitive(key, key_id).decrypt(sealed, bound(key_id, associated_data))


def open_file(key, associated_data, sealed):
    with file_primitive(key).new_decrypting_stream(io.BytesIO(sealed), associated_data) as stream:
        return stream.read()


def sub_key(document_key, form, purpose):
    """HKDF-SHA-256 (RFC 5869) without salt, 32 bytes: one key for each purpose, and another for files than for values."""
    extracted = hmac.digest(b"", document_key, hashlib.sha256)
    return hmac.digest(extracted, f"untxt document/{form}/{purpose}".encode() + b"\x01", hashlib.sha256)


def read_owner_key(facts):
    if "owner_key" in facts:
        return bytes.fromhex(facts["owner_key"])
    with open(facts["root_key_file"], encoding="ascii") as file:
        words = [line.split()[1] for line in file if line.startswith(("id ", "key "))]
    key = dict(zip(words[::2], words[1::2]))[facts["root_key_id"]]
    context = fields(b"untxt", b"owner key", UUID(facts["owner"]).bytes, number(facts["owner_key_version"]))
    associated_data = fields(b"untxt root wrap", facts["root_key_id"].encode(), context)
    return open_value(bytes.fromhex(key), associated_data, bytes.fromhex(facts["owner_key_wrapped"]))


def read_document_key(facts):
    wrapped = bytes.fromhex(facts["document_key"])
    # Its key id is the version of the owner key.
    owner, document, version = UUID(facts["owner"]).bytes, UUID(facts["document"]).bytes, wrapped[1:5]
    associated_data = fields(b"untxt document key", owner, document, version)
    return open_value(read_owner_key(facts), associated_data, wrapped)


def read_label_key(facts):
    wrapped = bytes.fromhex(facts["label_key"])
    associated_data = fields(b"untxt label key", UUID(facts["owner"]).bytes, wrapped[1:5])
    return open_value(read_owner_key(facts), associated_data, wrapped)


def find_place(facts, kind, *names):
    """Gives form, purpose, table, column and row of what is to be opened."""
    if kind == "metadata":
        return "value", "metadata", "documents", "metadata", facts["document"]
    if kind == "page":
        task, page = names
        return "value", "words", "pages", "content", f"{task}/{page}"
    (path,) = names
    if kind in ("folders", "tags"):
        return "value", "label", kind, "name", path
    first_word = path.rsplit("/", 1)[1].split("-")[0]
    column = {"image": "page_image", "searchable": "searchable_pdf"}.get(first_word, first_word)
    return "file", PURPOSES[column], "object", column, path


def find_key(facts, place):
    """Gives form, key and associated data of what is to be opened."""
    form, purpose, *names = find_place(facts, *place)
    where = (name.encode() for name in names)
    associated_data = fields(b"untxt value", purpose.encode(), UUID(facts["owner"]).bytes, *where, number(1))
    key = read_label_key(facts) if purpose == "label" else read_document_key(facts)
    return form, sub_key(key, form, purpose), associated_data


def main(path, *place):
    with open(path, encoding="ascii") as file:
        form, key, associated_data = find_key(json.load(file), place)
    open_sealed = open_value if form == "value" else open_file
    sys.stdout.buffer.write(open_sealed(key, associated_data, sys.stdin.buffer.read()))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
