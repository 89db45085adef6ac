"""The live picture on DynamoDB: what is shown of a version in chunks of bytes, and a manifest that says which counts.

| pk | sk | attributes |
| --- | --- | --- |
| `live` | `manifest` | `version`; `content`: which chunks; `chunks`: how many; `based_on`, `based_at` (s since 1970) |
| `live#<content>` | `0000`, `0001`, … | `bytes`; `expires_at` (TTL, s since 1970) |

A version is whole (`small`), or for `REBASED` seconds the difference to one that is (`difference`): the content
`based_on`, written at `based_at`. A manifest without these is older than differences, and its version is whole.

`content` names one publication, not only its version: two that publish the same version write different chunks, and
the conditional update of the manifest decides between them. Nobody ever sees half of one. What a version carries for
its successor is on S3 under the same name (`carried`), there before the manifest names it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from flightdata.backends.aws import code, put_items, transient
from flightdata.backends.live.difference import KEY, pack_difference, unpack_difference
from flightdata.backends.live.small import pack_small, unpack_small
from flightdata.models.picture import Picture, Shown
from flightdata.models.states import STATE_SCHEMA
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Cache, Clock
from flightdata.utils.logs import logger

if TYPE_CHECKING:
    from flightdata.backends.live.carried import CarriedParts

log = logger(__name__)

CHUNK = 350_000
"""Bytes; an item may have 400 KB."""

KEPT: Seconds = 3600.0
"""How long a version's chunks are there at least: long after everything in it has expired."""

REBASED: Seconds = 300.0
"""For so long differences to a whole version are written. The longer, the larger they are: from one whole version to
the next, four to eight minutes cost about the same.
"""

_WORTH = 0.7
"""Of the base's bytes: what a difference may have."""

_MANIFEST = {"pk": {"S": "live"}, "sk": {"S": "manifest"}}

_Item = dict[str, Any]


@dataclass(frozen=True)
class _Base:
    """A whole version; `size` in bytes."""

    content: str = ""
    at: EpochSeconds = 0.0
    size: int = 0
    shown: Shown = field(default_factory=Shown)


class DynamoPictures:
    """LivePictures in the table `table`. `client` is boto3's for DynamoDB; `cache` holds packed versions for others.

    `carried` gives the parts on S3; who only asks what is shown never calls it. What this process published or read
    last is kept in memory.
    """

    def __init__(
        self, client: Any, table: str, carried: "Callable[[], CarriedParts]", cache: Cache, clock: Clock
    ) -> None:
        self._client = client
        self._table = table
        self._carried = carried
        self._cache = cache
        self._clock = clock
        self._lock = Lock()
        self._content = ""
        self._base = _Base()
        self._shown = Shown()
        self._picture: Picture | None = Picture()

    def version(self) -> int:
        manifest = self._manifest()
        return int(manifest["version"]["N"]) if manifest else 0

    def edition(self) -> str:
        manifest = self._manifest()
        return str(manifest["content"]["S"]) if manifest else ""

    def shown(self) -> Shown:
        with self._lock:
            return self._newest()

    def latest(self) -> Picture:
        with self._lock:
            shown = self._newest()
            if self._picture is None:
                self._picture = self._whole(shown)
            return self._picture

    def publish(self, picture: Picture) -> bool:
        content, picture = uuid4().hex, replace(picture, states=picture.states.sort(KEY, maintain_order=True))
        with self._lock:
            if picture.version < 1 or (picture.version > 1 and not self._follows(picture.version)):
                return False
            packed, base = self._packed(content, picture.shown)
            chunks = [packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)]
            self._carried().put(content, picture)
            items = [self._item(content, place, chunk) for place, chunk in enumerate(chunks)]
            put_items(self._client, self._table, items)
            if not self._flip(picture.version, content, len(chunks), base):
                return False
            self._content, self._base = content, base
            self._shown, self._picture = replace(picture.shown, edition=content), picture
        return True

    def _packed(self, content: str, shown: Shown) -> tuple[bytes, _Base]:
        """Its bytes, and what they are the difference to: itself, where they are all of it."""
        base, now = self._base, self._clock()
        if base.content and 0 <= now - base.at <= REBASED:
            packed = pack_difference(shown, base.shown)
            if packed is not None and len(packed) <= _WORTH * base.size:
                return packed, base
        packed = pack_small(shown)
        return packed, _Base(content, now, len(packed), shown)

    def _follows(self, version: int) -> bool:
        """Spares the chunks of what cannot succeed; whether it does is decided by the manifest's condition."""
        return self._shown.version == version - 1 or self.version() == version - 1

    def _manifest(self) -> _Item | None:
        with transient("the live picture's version is not known"):
            answer = self._client.get_item(TableName=self._table, Key=_MANIFEST, ConsistentRead=True)
        item: _Item | None = answer.get("Item")
        return item

    def _flip(self, version: int, content: str, chunks: int, base: _Base) -> bool:
        first = version == 1
        condition = "attribute_not_exists(pk)" if first else "version = :before"
        values = {
            ":version": {"N": str(version)},
            ":content": {"S": content},
            ":chunks": {"N": str(chunks)},
            ":base": {"S": base.content},
            ":at": {"N": repr(base.at)},
        }
        with transient(f"version {version} of the live picture was not published"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_MANIFEST,
                    UpdateExpression="SET version = :version, content = :content, chunks = :chunks, "
                    "based_on = :base, based_at = :at",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values if first else values | {":before": {"N": str(version - 1)}},
                )
            except ClientError as error:
                if code(error) == "ConditionalCheckFailedException":
                    return self._is_ours(content)
                raise
        return True

    def _is_ours(self, content: str) -> bool:
        """An update that was carried out, but whose answer was lost, is refused when botocore tries it again."""
        manifest = self._manifest()
        return manifest is not None and manifest["content"]["S"] == content

    def _item(self, content: str, place: int, chunk: bytes) -> _Item:
        return {
            "pk": {"S": f"live#{content}"},
            "sk": {"S": f"{place:04d}"},
            "bytes": {"B": chunk},
            "expires_at": {"N": str(int(self._clock() + KEPT + REBASED))},
        }

    def _newest(self) -> Shown:
        manifest = self._manifest()
        if manifest is None:
            return Shown()
        if (content := manifest["content"]["S"]) != self._content:
            self._shown = replace(self._load(manifest), edition=content)
            self._content, self._picture = content, None
        return self._shown

    def _load(self, manifest: _Item) -> Shown:
        version, content = int(manifest["version"]["N"]), manifest["content"]["S"]
        try:
            base = self._loaded_base(manifest)
            shown = base.shown
            if base.content != content:
                shown, _ = self._unpacked(content, partial(unpack_difference, base=base.shown))
        except ValueError as error:
            # Its chunks have expired, and so has every aircraft in it; or a hand was in it. The versions go on.
            log.warning("the live picture cannot be read and is started anew", version=version, reason=str(error))
            self._base = _Base()
            return Shown(version)
        self._base = base
        return shown

    def _loaded_base(self, manifest: _Item) -> _Base:
        """The whole version that this one needs. Raises ValueError if it cannot be read."""
        content: str = (manifest.get("based_on") or manifest["content"])["S"]
        if content == self._base.content:
            return self._base
        shown, size = self._unpacked(content, unpack_small)
        at = float(manifest["based_at"]["N"]) if "based_at" in manifest else 0.0
        return _Base(content, at, size, shown)

    def _unpacked(self, content: str, unpack: Callable[[bytes], Shown]) -> tuple[Shown, int]:
        """What these chunks say, and how many bytes that are; from the table where the cache has nothing that can be
        read. Raises ValueError.
        """
        key = f"live:{content}"
        if (copied := self._cache.get(key)) is not None:
            try:
                return unpack(copied), len(copied)
            except ValueError as error:
                log.warning("what the cache holds is not used", key=key, reason=str(error))
        packed = b"".join(self._chunks(content))
        shown = unpack(packed)
        self._cache.put(key, packed, KEPT)
        return shown, len(packed)

    def _whole(self, shown: Shown) -> Picture:
        states = shown.states.select(*STATE_SCHEMA)
        try:
            carried = self._carried().get(self._content)
        except ValueError as error:
            log.warning("flights in progress are begun anew", version=shown.version, reason=str(error))
            return Picture(shown.version, shown.time, states)
        return replace(carried, states=states)

    def _chunks(self, content: str) -> Iterator[bytes]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"live#{content}"}},
            ConsistentRead=True,
        )
        with transient("the live picture was not read"):
            for page in pages:
                yield from (item["bytes"]["B"] for item in page["Items"])
