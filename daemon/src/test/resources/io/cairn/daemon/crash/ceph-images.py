"""Looks at RBD images and writes to them, by Ceph's own bindings, for a test that asks very often.

A program of Ceph's takes as long to start as some fifty answers of this one. It is told the
configuration, a pool and a namespace, and reads requests from its input: a line of JSON, and as many
bytes after it as its "bytes" says. It answers each the same way, with a "value" or an "error".
"""

import json
import sys

import rados
import rbd

conf, pool, namespace = sys.argv[1:]
cluster = rados.Rados(rados_id="admin", conffile=conf)
cluster.connect()
io = cluster.open_ioctx(pool)
io.set_namespace(namespace)
images = rbd.RBD()


def opened(name, **more):
    image, _, snapshot = name.partition("@")
    return rbd.Image(io, image, snapshot=snapshot or None, **more)


def whole():
    """The sizes of all images and snapshots, but for images that are half removed."""
    found = {}
    for name in images.list(io):
        try:
            with opened(name, read_only=True) as image:
                found[name] = image.size()
                for snap in image.list_snaps():
                    if snap["namespace"] == rbd.RBD_SNAP_NAMESPACE_TYPE_USER:
                        found["%s@%s" % (name, snap["name"])] = snap["size"]
        except rbd.ImageNotFound:
            pass
    return found


def parent(image):
    with image:
        try:
            return image.parent_info()[1]
        except rbd.ImageNotFound:
            return ""


def parents(deleted):
    """The names of what all images were made from, and deleted ones, by their ids."""
    return sorted(
        {parent(opened(name, read_only=True)) for name in images.list(io)}
        | {parent(rbd.Image(io, image_id=id, read_only=True)) for id in deleted.split()}
    )


def text(name):
    return io.read(name, io.stat(name)[0]).decode()


def content(name):
    with opened(name, read_only=True) as image:
        return image.read(0, image.size())


def write(name, data):
    with opened(name) as image:
        image.write(data, 0)
        image.flush()


def answer(request, data):
    """The value, and the bytes."""
    name = request["name"]
    match request["do"]:
        case "names":
            return images.list(io), b""
        case "all":
            return whole(), b""
        case "objects":
            return [each.key for each in io.list_objects()], b""
        case "parents":
            return parents(name), b""
        case "text":
            return text(name), b""
        case "content":
            return None, content(name)
        case "write":
            return write(name, data), b""
        case other:
            raise ValueError("'%s' is not to be had" % other)


def say(said, data=b""):
    said["bytes"] = len(data)
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


for line in sys.stdin.buffer:
    asked = json.loads(line)
    taken = sys.stdin.buffer.read(asked["bytes"])
    try:
        value, read = answer(asked, taken)
        say({"value": value}, read)
    except Exception as e:
        say({"error": "%s: %s" % (type(e).__name__, e)})
