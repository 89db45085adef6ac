"""What a function says that was deployed wrong."""

from contextlib import contextmanager

import pytest
from fixtures.deployment import invoke


@contextmanager
def set_to(deployed, function, variables):
    """The function with these variables in the place of its own."""
    client = deployed.client("lambda")
    own = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def update(variables):
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

    update({name: value for name, value in (own | variables).items() if value})
    try:
        yield
    finally:
        update(own)


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("flight-data-fetcher", ["EVENTBRIDGE_BUS_NAME"]),
        ("flight-data-processor", ["S3_RAW_BUCKET", "S3_HISTORY_BUCKET"]),
        ("flight-api", ["S3_HISTORY_BUCKET"]),
        ("analytics-processor", ["SQS_QUEUE_URL", "SQS_DEAD_LETTER_QUEUE_URL"]),
    ],
)
def test_a_function_without_a_setting_does_not_start_and_names_it(deployed, function, settings):
    deployed_function = f"flightdata-{function}-dev"
    with set_to(deployed, deployed_function, dict.fromkeys(settings)):
        error, answer = invoke(deployed, deployed_function, {"Records": []})
    assert error
    assert f"{function} cannot start: {', '.join(settings)} " in answer["errorMessage"]
    again = {"Records": []} if function == "flight-data-processor" else None
    assert again is None or invoke(deployed, deployed_function, again) == (None, {"batchItemFailures": []})
