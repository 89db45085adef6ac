"""What `--context` says, and what becomes of it."""

import re
from pathlib import Path

import aws_cdk as cdk
import pytest
from conftest import CONTEXT, FUNCTIONS, Templates

from stacks import deployments
from stacks.deployments import named
from stacks.environment import build

REPOSITORY = Path(__file__).parents[2]
WEB = REPOSITORY / "backend" / "shared" / "flightdata" / "web"

SETTINGS = {
    # value, and the functions that are given it
    "SOURCES": ("opensky readsb:https://receiver.example/tar1090", {"flight-data-fetcher"}),
    "FETCH_INTERVAL_SECONDS": ("20", {"flight-data-fetcher"}),
    "RECEIVER_INTERVAL_SECONDS": ("5", {"flight-data-fetcher"}),
    "V2_INTERVAL_SECONDS": ("15", {"flight-data-fetcher"}),
    "OPENSKY_ACCOUNT": ("feeder", {"flight-data-fetcher"}),
    "OPENSKY_AREAS": ("47,49,1,4/-45,-10,110,155", {"flight-data-fetcher"}),
    "OPENSKY_API_URL": ("https://opensky.example/api", {"flight-data-fetcher"}),
    "OPENSKY_TOKEN_URL": ("https://opensky.example/token", {"flight-data-fetcher"}),
    "OPENSKY_TIMEOUT_SECONDS": ("30", {"flight-data-fetcher"}),
    "LIVE_EXPIRY_SECONDS": ("930", {"flight-data-processor", "flight-api"}),
    "FLIGHTS_RETENTION_DAYS": ("0", {"flight-data-processor"}),
    "MAX_PAGE_SIZE": ("200", {"flight-api"}),
    "LOG_LEVEL": ("DEBUG", set(FUNCTIONS)),
    "OTEL_TRACES_SAMPLER": ("parentbased_traceidratio", set(FUNCTIONS)),
    "OTEL_TRACES_SAMPLER_ARG": ("0.1", set(FUNCTIONS)),
}
OTHERS = {
    "runtime": "python3.13",
    "ticks": "off",
    "auth": "required",
    "otlp": "https://collector.example",
    "CORS_ORIGINS": "https://one.example,http://localhost:5173",
    "email": "one@example.org,two@example.org",
    "api-concurrency": "50",
}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory, bundles):
    """All choices at once."""
    out = tmp_path_factory.mktemp("chosen")
    app = cdk.App(outdir=str(out), context=CONTEXT | OTHERS | {name: value for name, (value, _) in SETTINGS.items()})
    build(app, named("prod"), bundles)
    return Templates(app, out)


def functions(templates):
    return {
        one["FunctionName"].removeprefix("flightdata-").removesuffix("-prod"): one
        for one in templates.of("AWS::Lambda::Function").values()
    }


def variables(templates):
    return {name: one["Environment"]["Variables"] for name, one in functions(templates).items()}


def test_a_setting_is_given_to_the_functions_that_read_it_and_to_no_other(chosen, prod):
    for name, (value, given) in SETTINGS.items():
        before = {function for function, ones in variables(prod).items() if ones.get(name) == value}
        after = {function for function, ones in variables(chosen).items() if ones.get(name) == value}
        assert (before, after) == (set(), given), name
    assert set(SETTINGS) == set(deployments.SETTINGS)


def test_without_choices_prod_asks_opensky_and_the_others_the_simulation(all_templates):
    asked = {
        environment: templates.one(
            "AWS::Lambda::Function", FunctionName=f"flightdata-flight-data-fetcher-{environment}"
        )["Environment"]["Variables"]["SOURCES"]
        for environment, templates in all_templates.items()
    }
    assert asked == {"dev": "simulation:1000", "staging": "simulation:12000", "prod": "opensky"}


def test_the_runtime_the_keys_and_the_collector_of_traces_are_those_chosen(chosen, prod):
    for templates, runtime, auth, otlp in (
        (prod, "python3.11", "off", None),
        (chosen, "python3.13", "required", "https://collector.example"),
    ):
        assert {one["Runtime"] for one in functions(templates).values()} == {runtime}
        assert variables(templates)["flight-api"]["API_AUTH"] == auth
        assert {one.get("OTEL_EXPORTER_OTLP_ENDPOINT") for one in variables(templates).values()} == {otlp}
        assert {one["OTEL_SERVICE_NAME"] for one in variables(templates).values()} == {
            f"flightdata-{name}-prod" for name in FUNCTIONS
        }


def test_the_schedule_rests_only_where_that_is_chosen(chosen, prod):
    states = [one.one("AWS::Events::Rule", Name="flightdata-ticks-prod")["State"] for one in (prod, chosen)]
    assert states == ["ENABLED", "DISABLED"]


def test_pages_of_chosen_origins_may_ask_and_the_gateway_answers_their_preflights(chosen, prod):
    cors = [one.one("AWS::ApiGatewayV2::Api").get("CorsConfiguration") for one in (prod, chosen)]
    assert cors == [
        None,
        {
            "AllowOrigins": ["https://one.example", "http://localhost:5173"],
            "AllowMethods": ["GET"],
            "AllowHeaders": ["Authorization", "X-API-Key", "If-None-Match"],
            "ExposeHeaders": ["X-Request-ID", "Link", "X-Total-Count", "ETag"],
            "MaxAge": 600,
        },
    ]


def test_the_headers_of_other_origins_are_those_of_the_application(chosen):
    cors = chosen.one("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert [*_headers("access.py"), "If-None-Match"] == cors["AllowHeaders"]
    assert [*_headers("correlation.py"), *_headers("flights.py"), "ETag"] == cors["ExposeHeaders"]


def _headers(file):
    (found,) = re.findall(r"^HEADERS? = (.+)$", (WEB / file).read_text(), re.MULTILINE)
    return re.findall(r'"(.+?)"', found)


def test_alarms_are_mailed_to_whom_one_names(chosen, prod):
    assert prod.of("AWS::SNS::Subscription") == {}
    mails = chosen.of("AWS::SNS::Subscription").values()
    assert [(one["Protocol"], one["Endpoint"]) for one in mails] == [
        ("email", "one@example.org"),
        ("email", "two@example.org"),
    ]
    (topic,) = chosen.of("AWS::SNS::Topic")
    assert all(one["TopicArn"] == {"Ref": topic} for one in mails)


def test_nothing_of_the_account_s_concurrency_is_kept_unless_it_is_chosen_for_the_api(chosen, prod):
    kept = [
        {
            name: one["ReservedConcurrentExecutions"]
            for name, one in functions(templates).items()
            if "Reserved" in str(one)
        }
        for templates in (prod, chosen)
    ]
    assert kept == [{}, {"flight-api": 50}]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"SOURCE": "opensky"}, "SOURCE is none of"),
        ({"S3_RAW_BUCKET": "mine"}, "S3_RAW_BUCKET is none of"),
        ({"OPENSKY_CLIENT_SECRET": "x"}, "OPENSKY_CLIENT_SECRET is none of"),
        ({"tick": "off"}, "tick is none of"),
        ({"ticks": "no"}, "ticks=no: it has to be on|off"),
        ({"auth": "on"}, "auth=on"),
        ({"LOG_LEVEL": "verbose"}, "LOG_LEVEL=verbose"),
        ({"MAX_PAGE_SIZE": "0"}, "MAX_PAGE_SIZE=0"),
        ({"OPENSKY_ACCOUNT": "gold"}, "OPENSKY_ACCOUNT=gold"),
        ({"CORS_ORIGINS": "one.example"}, "CORS_ORIGINS=one.example"),
        ({"email": "nobody"}, "email=nobody"),
        ({"api-concurrency": "0"}, "api-concurrency=0"),
        ({"SOURCES": ""}, "SOURCES="),
    ],
)
def test_a_choice_that_is_none_is_refused_before_anything_is_deployed(choices, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        named("prod").chosen(CONTEXT | choices)


def test_what_others_have_in_their_context_is_left_alone():
    assert named("prod").chosen({"cli-telemetry": False, "aws-cdk:something": "x"}) == named("prod").chosen({})


def test_every_choice_is_in_the_operators_guide_and_every_setting_is_one_of_the_backend():
    guide = (REPOSITORY / "docs" / "operations.md").read_text()
    example = (REPOSITORY / "backend" / ".env.example").read_text()
    for name in {*SETTINGS, *OTHERS}:
        assert re.search(rf"`{name}\b", guide), name
    for name in {*SETTINGS, "CORS_ORIGINS"}:
        assert f"\n{name}=" in example
