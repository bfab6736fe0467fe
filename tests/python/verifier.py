"""A verifier of exported ledgers and filed receipts that shares nothing with the program that made them: written from RFC 9162,
c2sp.org/signed-note, c2sp.org/tlog-checkpoint and c2sp.org/tlog-proof.

    python verifier.py ledger FILE KEY [OLDER]
    python verifier.py receipt FILE KEY
    python verifier.py consistency OLDER NEWER PROOF KEY     PROOF: ProveConsistencyResponse as JSON

Prints what it found; ends with 1 and says why where something does not hold.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def require(condition, why):
    if not condition:
        raise ValueError(why)


def decoded(text):
    read = base64.b64decode(text, validate=True)
    require(base64.b64encode(read).decode() == text, "not canonical base64")
    return read


def open_note(text, vkey):
    """The size and root of a signed checkpoint."""
    name, key_id, key = vkey.strip().split("+", 2)
    key = decoded(key)
    require(key[0] == 1 and len(key) == 33, "not an Ed25519 key")
    expected = sha(name.encode(), b"\n", key)[:4]
    require(expected.hex() == key_id, "the key id does not fit the key")
    body, signatures = text.rsplit("\n\n", 1)
    body += "\n"
    for line in signatures.splitlines():
        mark, signer, signature = line.split(" ")
        require(mark == "\u2014", "not a signature line")
        signature = decoded(signature)
        if signer == name and signature[:4] == expected:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], body.encode())
            break
    else:
        raise ValueError("not signed by this key")
    origin, size, root = body.splitlines()[:3]
    require(origin == name, "of another ledger")
    return int(size), decoded(root)


def leaf_hash(entry):
    return sha(b"\0", entry)


def node(left, right):
    return sha(b"\1", left, right)


def mth(leaves):
    """Merkle tree hash, RFC 9162 2.1.1, without recursion: full subtrees joined as they are finished."""
    stack = []
    for count, leaf in enumerate(leaves):
        while count & 1:
            leaf, count = node(stack.pop(), leaf), count >> 1
        stack.append(leaf)
    if not stack:
        return sha(b"")
    root = stack.pop()
    while stack:
        root = node(stack.pop(), root)
    return root


def included(leaf, index, size, path, root):
    """RFC 9162 2.1.3.2."""
    require(index < size, "the entry is not of this ledger")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        require(sn != 0, "the proof is too long")
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and r == root, "the entry is not included")


def consistent(first, old, second, new, path):
    """RFC 9162 2.1.4.2."""
    require(0 < first <= second, "the older ledger is the longer one")
    if first == second:
        require(old == new and not path, "another ledger of the same size")
        return
    require(path, "no proof")
    if first & (first - 1) == 0:
        path = [old] + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        require(sn != 0, "the proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and fr == old and sr == new, "not consistent")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def ledger(file, key, older=None):
    lines, note = read(file).split("\n\n", 1)
    title, *lines = lines.split("\n")
    require(title == "homeward ledger 1", "not an exported ledger")
    leaves = []
    for index, line in enumerate(lines):
        number, _, entry = line.split(" ")
        require(int(number) == index, f"entry {index} is missing")
        leaves.append(leaf_hash(decoded(entry)))
    size, root = open_note(note, read(key))
    require(size == len(leaves) and root == mth(leaves), "the root is another")
    if older:
        old_size, old_root = open_note(read(older).rstrip("\n") + "\n", read(key))
        require(old_size <= size and mth(leaves[:old_size]) == old_root, "not the beginning of this ledger")
    return f"ledger {size} {root.hex()}"


def receipt(file, key):
    words, proof = read(file).split("\nc2sp.org/tlog-proof@v1\n", 1)
    fields = dict(line.split(" ", 1) for line in words.splitlines() if " " in line)
    path, note = proof.split("\n\n", 1)
    index, *path = path.split("\n")
    size, root = open_note(note, read(key))
    entry = decoded(fields["entry"])
    included(leaf_hash(entry), int(index.removeprefix("index ")), size, [decoded(p) for p in path], root)
    commitment = sha(bytes.fromhex(fields["opening"]), bytes.fromhex(fields["digest"]))
    # The last field of the entry: field 12, 32 bytes.
    require(entry.endswith(b"\x62\x20" + commitment), "not about this digest")
    for queue in fields["queues"].split(" "):
        require(queue.encode() in entry, "another queue")
    require(fields["by"].encode() in entry, "another sender")
    return f"receipt {fields['digest']} {fields['queues']}"


def consistency(older, newer, proof, key):
    (first, old), (second, new) = (open_note(read(note), read(key)) for note in (older, newer))
    consistent(first, old, second, new, [decoded(h) for h in json.loads(read(proof)).get("hashes", [])])
    return f"consistent {first} {second}"


if __name__ == "__main__":
    try:
        print({"ledger": ledger, "receipt": receipt, "consistency": consistency}[sys.argv[1]](*sys.argv[2:]))
    except (ValueError, KeyError, UnicodeDecodeError, InvalidSignature) as wrong:
        sys.exit(f"{type(wrong).__name__}: {wrong}")
