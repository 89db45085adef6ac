"""The media types of what has several formats."""

CSV = "text/csv; charset=utf-8; header=present"  # RFC 4180
GEOJSON = "application/geo+json"  # RFC 7946
GPX = "application/gpx+xml"
JSON = "application/json"
JSONL = "application/x-ndjson"
KML = "application/vnd.google-earth.kml+xml"
PARQUET = "application/vnd.apache.parquet"
