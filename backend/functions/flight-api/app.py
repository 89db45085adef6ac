"""`uvicorn app:app --port 8001`"""

from flightdata.wiring import house

app = house().app()
