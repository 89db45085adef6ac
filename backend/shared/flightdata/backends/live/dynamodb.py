"""The live picture on DynamoDB: what is shown of a version in chunks of bytes, and a manifest that says which counts.

| pk | sk | attributes |
| --- | --- | --- |
| `live` | `manifest` | `version`; `content`: which chunks; `chunks`: how many; `based_on`, `based_at` (s since 1970) |
| `live#manifest` | `copy` | the same, of the publication that was begun last |
| `live#<content>` | `0000`, `0001`, … | `bytes`; `expires_at` (TTL, s since 1970) |

A version is whole (`small`), or for `REBASED` seconds the difference to one that is (`difference`): the content
`based_on`, written at `based_at`. A manifest without these is older than differences, and its version is whole.

`content` names one publication, not only its version: two that publish the same version write different chunks, and
the conditional update of the manifest decides between them. Nobody ever sees half of one. What a version carries for
its successor is on S3 under the same name (`carried`), there before the manifest names it. The name says what the bytes
are (`naming`), and they are compared before they are unpacked.

What cannot be read is Transient for readers, who go on with what they have. Who makes the next version goes on with
what is left; where the manifest is damaged, with the publication that was begun last. He replaces the manifest only if
it is still the one he saw.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flightdata.backends.aws import code, put_items, transient
from flightdata.backends.live.difference import KEY, pack_difference, unpack_difference
from flightdata.backends.live.manifest import Attributes, Manifest, unchanged
from flightdata.backends.live.naming import Part, check, is_checked, name
from flightdata.backends.live.small import pack_small, unpack_small
from flightdata.errors import Transient
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

REST: Seconds = 5.0
"""How long a reader leaves alone what he could not read; nearly always there is another version by then."""

_MANIFEST = {"pk": {"S": "live"}, "sk": {"S": "manifest"}}
_COPY = {"pk": {"S": "live#manifest"}, "sk": {"S": "copy"}}
_NONE: Attributes = {}

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
    last is kept in memory: `_shown` of `_content` for readers; for who makes the next one `_picture`, and `_seen`, the
    manifest that it follows on.
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
        self._unreadable: tuple[str, EpochSeconds, str] = "", 0.0, ""
        self._picture = Picture()
        self._made_of = ""
        self._seen = _NONE

    def version(self) -> int:
        manifest = self._newest()
        return manifest.version if manifest else 0

    def edition(self) -> str:
        manifest = self._newest()
        return manifest.content if manifest else ""

    def shown(self) -> Shown:
        with self._lock:
            manifest = self._newest()
            return self._for_readers(manifest) if manifest else Shown()

    def latest(self) -> Picture:
        with self._lock:
            seen = self._item()
            manifest = self._left(seen)
            if manifest is None:
                self._picture, self._made_of = Picture(), ""
            elif manifest.content != self._made_of:
                self._picture, self._made_of = self._whole(manifest), manifest.content
            self._seen = seen
            return self._picture

    def publish(self, picture: Picture) -> bool:
        picture = replace(picture, states=picture.states.sort(KEY, maintain_order=True))
        with self._lock:
            if (before := self._before(picture.version)) is None:
                return False
            packed, base = self._packed(picture.shown)
            chunks = [packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)]
            carried = self._carried().pack(picture)
            content = name(packed, carried)
            base = base or _Base(content, self._clock(), len(packed), picture.shown)
            manifest = Manifest(picture.version, content, len(chunks), base.content, base.at)
            self._carried().put(content, carried)
            items = [self._chunk(content, place, chunk) for place, chunk in enumerate(chunks)]
            put_items(self._client, self._table, [*items, {**_COPY, **manifest.attributes}])
            if not self._flip(manifest, before):
                return False
            self._content, self._made_of, self._base = content, content, base
            self._shown, self._seen = replace(picture.shown, edition=content), manifest.attributes
            self._picture = picture
        return True

    def _packed(self, shown: Shown) -> tuple[bytes, _Base | None]:
        """Its bytes, and what they are the difference to; None where they are all of it."""
        base = self._base
        if base.content and 0 <= self._clock() - base.at <= REBASED:
            packed = pack_difference(shown, base.shown)
            if packed is not None and len(packed) <= _WORTH * base.size:
                return packed, base
        return pack_small(shown), None

    # Manifests.

    def _item(self) -> Attributes:
        """The manifest as it is; empty if there is none."""
        with transient("the live picture's version is not known"):
            answer = self._client.get_item(TableName=self._table, Key=_MANIFEST, ConsistentRead=True)
        item: Attributes = answer.get("Item", _NONE)
        return item

    def _newest(self) -> Manifest | None:
        """Raises Transient if it is damaged: whoever publishes next replaces it."""
        try:
            return _manifest(self._item())
        except ValueError as error:
            raise Transient(f"the manifest of the live picture is damaged: {error}", kind="unreadable") from error

    def _left(self, seen: Attributes) -> Manifest | None:
        """The publication to go on with, also if the manifest `seen` is damaged."""
        try:
            return _manifest(seen)
        except ValueError as error:
            log.warning("the manifest of the live picture is damaged; the next version replaces it", reason=str(error))
        copies = self._query(_COPY["pk"]["S"])
        with suppress(ValueError, IndexError):
            copy = Manifest.of(copies[0])
            if copy.version > self._picture.version:
                return copy
        last = self._picture.version, self._made_of, 1, self._base.content or self._made_of, self._base.at
        return Manifest(*last) if self._made_of else None

    def _before(self, version: int) -> Attributes | None:
        """The manifest that `version` would follow on; None spares the chunks of what cannot succeed. Whether it does
        is decided by the condition that this one is still there.
        """
        if version == self._picture.version + 1:
            return self._seen
        seen = self._item()
        with suppress(ValueError):
            manifest = _manifest(seen)
            if version == (manifest.version if manifest else 0) + 1:
                return seen
        return None

    def _flip(self, manifest: Manifest, before: Attributes) -> bool:
        condition, seen = unchanged(before)
        new = {f":{name}": value for name, value in manifest.attributes.items()}
        with transient(f"version {manifest.version} of the live picture was not published"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_MANIFEST,
                    UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in manifest.attributes),
                    ConditionExpression=condition,
                    ExpressionAttributeValues={**seen, **new},
                )
            except ClientError as error:
                if code(error) == "ConditionalCheckFailedException":
                    # Also if it was carried out, but its answer was lost, and botocore tried again.
                    return self._item().get("content") == manifest.attributes["content"]
                raise
        return True

    # Publications.

    def _for_readers(self, manifest: Manifest) -> Shown:
        """Raises Transient if it cannot be read; what could not is left alone for a moment."""
        content, again_at, reason = self._unreadable
        if content != manifest.content or self._clock() >= again_at:
            try:
                return self._shown_of(manifest)
            except ValueError as error:
                reason = str(error)
            self._unreadable = manifest.content, self._clock() + REST, reason
        raise Transient(f"version {manifest.version} of the live picture cannot be read: {reason}", kind="unreadable")

    def _whole(self, manifest: Manifest) -> Picture:
        """What is left of it, to make the next one of."""
        try:
            shown = self._shown_of(manifest)
        except ValueError as error:
            # Its chunks have expired, and so has every aircraft in it; or a hand was in it. The versions go on.
            log.warning("the live picture is unreadable and begun anew", version=manifest.version, reason=str(error))
            shown, self._base = Shown(manifest.version), _Base()
        states = shown.states.select(*STATE_SCHEMA)
        try:
            carried = self._carried().get(manifest.content)
        except ValueError as error:
            log.warning("flights in progress are begun anew", version=manifest.version, reason=str(error))
            return Picture(shown.version, shown.time, states)
        return replace(carried, states=states)

    def _shown_of(self, manifest: Manifest) -> Shown:
        """Raises ValueError if it is not there any more or is damaged."""
        if manifest.content != self._content:
            self._shown, self._content = self._load(manifest), manifest.content
        return self._shown

    def _load(self, manifest: Manifest) -> Shown:
        base = self._base_of(manifest)
        shown = base.shown
        if base.content != manifest.content:
            unpack = partial(unpack_difference, base=base.shown)
            shown, _ = self._unpacked(manifest.content, unpack, manifest.chunks)
        self._base = base
        return replace(shown, edition=manifest.content)

    def _base_of(self, manifest: Manifest) -> _Base:
        """The whole version that this one needs. Raises ValueError as `_unpacked`."""
        content = manifest.based_on
        if content == self._base.content:
            return self._base
        shown, size = self._unpacked(content, unpack_small, manifest.chunks if content == manifest.content else None)
        return _Base(content, manifest.based_at, size, shown)

    def _unpacked(self, content: str, unpack: Callable[[bytes], Shown], chunks: int | None) -> tuple[Shown, int]:
        """What these `chunks` (None: so many as there are) say, and how many bytes that are; from the table where the
        cache has nothing that is that. Raises ValueError if it is not there any more or is damaged.
        """
        key = f"live:{content}"
        if is_checked(content) and (copied := self._cache.get(key)) is not None:
            try:
                check(content, Part.SHOWN, copied)
                return unpack(copied), len(copied)
            except ValueError as error:
                log.warning("the cache holds something else; read from the table", key=key, reason=str(error))
        packed = self._read(content, chunks)
        check(content, Part.SHOWN, packed)
        shown = unpack(packed)
        if is_checked(content):
            self._cache.put(key, packed, KEPT)
        return shown, len(packed)

    def _read(self, content: str, chunks: int | None) -> bytes:
        items = self._query(f"live#{content}")
        if chunks is not None and len(items) != chunks:
            raise ValueError(f"{len(items)} of {chunks} chunks are there")
        try:
            return b"".join(item["bytes"]["B"] for item in items)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no chunk: {error}") from error

    def _query(self, pk: str) -> list[_Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )
        with transient("the live picture was not read"):
            return [item for page in pages for item in page["Items"]]

    def _chunk(self, content: str, place: int, chunk: bytes) -> _Item:
        return {
            "pk": {"S": f"live#{content}"},
            "sk": {"S": f"{place:04d}"},
            "bytes": {"B": chunk},
            "expires_at": {"N": str(int(self._clock() + KEPT + REBASED))},
        }


def _manifest(item: Attributes) -> Manifest | None:
    """None if there is none. Raises ValueError if it is damaged."""
    return Manifest.of(item) if item else None
