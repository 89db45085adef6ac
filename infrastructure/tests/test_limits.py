"""Every number of the templates but those of the alarms: one that is added, or changed, has to be named here.

Memory, time-outs, retention, retries, throttles. Whether it is seconds or days says the property's name.
"""

from test_grants import plain

ENVIRONMENTS = ("dev", "staging", "prod")

FUNCTIONS = {
    # memory in MB, time-out in s
    "flightdatafetcher": (512, 300),
    "flightdataprocessor": (1024, 60),
    "flightapi": (256, 30),
    "analyticsprocessor": (512, 600),
}
LOGS = (7, 30, 90)
"""Days, by environment."""

NUMBERS = {
    **{f"Function/{name}Function/MemorySize": memory for name, (memory, _) in FUNCTIONS.items()},
    **{f"Function/{name}Function/Timeout": seconds for name, (_, seconds) in FUNCTIONS.items()},
    **{f"LogGroup/{name}Logs/RetentionInDays": LOGS for name in FUNCTIONS},
    "LogGroup/AccessLogs/RetentionInDays": LOGS,
    "Bucket/Raw/LifecycleConfiguration/Rules/-/AbortIncompleteMultipartUpload/DaysAfterInitiation": 1,
    "Bucket/Raw/LifecycleConfiguration/Rules/-/ExpirationInDays": (7, 30, None),
    "Bucket/Raw/LifecycleConfiguration/Rules/-/Transitions/-/TransitionInDays": (None, None, 90),
    "Bucket/Raw/LifecycleConfiguration/Rules/live//ExpirationInDays": 1,
    "Bucket/History/LifecycleConfiguration/Rules/-/AbortIncompleteMultipartUpload/DaysAfterInitiation": 1,
    "Bucket/History/LifecycleConfiguration/Rules/queries//ExpirationInDays": 7,
    "Bucket/History/LifecycleConfiguration/Rules/recent//ExpirationInDays": (30, 90, None),
    "Bucket/History/LifecycleConfiguration/Rules/states//ExpirationInDays": (30, 90, None),
    "Bucket/History/LifecycleConfiguration/Rules/last//ExpirationInDays": (30, 90, None),
    "Queue/Snapshots/VisibilityTimeout": 360,
    "Queue/Snapshots/MessageRetentionPeriod": 4 * 86_400,
    "Queue/Snapshots/RedrivePolicy/maxReceiveCount": 5,
    "Queue/DeadLetters/MessageRetentionPeriod": 14 * 86_400,
    "Queue/FailedHours/MessageRetentionPeriod": 14 * 86_400,
    "Queue/LateTicks/DelaySeconds": 30,
    "Queue/LateTicks/VisibilityTimeout": 1800,
    "Queue/LateTicks/MessageRetentionPeriod": 120,
    "EventSourceMapping/flightdataprocessorFunctionFromSnapshots/BatchSize": 10,
    "EventSourceMapping/flightdataprocessorFunctionFromSnapshots/ScalingConfig/MaximumConcurrency": 2,
    "EventSourceMapping/flightdatafetcherFunctionFromLateTicks/BatchSize": 1,
    "EventInvokeConfig/flightdatafetcherFunctionEventInvokeConfig/MaximumEventAgeInSeconds": 60,
    "EventInvokeConfig/flightdatafetcherFunctionEventInvokeConfig/MaximumRetryAttempts": 0,
    "EventInvokeConfig/Failing/MaximumEventAgeInSeconds": 3600,
    "EventInvokeConfig/Failing/MaximumRetryAttempts": 2,
    "Rule/Ticks/Targets/-/RetryPolicy/MaximumEventAgeInSeconds": 60,
    "Rule/Ticks/Targets/-/RetryPolicy/MaximumRetryAttempts": 0,
    "Rule/Hourly/Targets/-/RetryPolicy/MaximumRetryAttempts": 2,
    "Stage/Stage/DefaultRouteSettings/ThrottlingBurstLimit": 200,
    "Stage/Stage/DefaultRouteSettings/ThrottlingRateLimit": 100,
    "WorkGroup/Workgroup/WorkGroupConfiguration/BytesScannedCutoffPerQuery": 100_000_000_000,
    "ReplicationGroup/Cache/NumCacheClusters": (1, 1, 2),
    "ReplicationGroup/Cache/Port": 6379,
    "SecurityGroup/CacheAccess/SecurityGroupIngress/-/FromPort": 6379,
    "SecurityGroup/CacheAccess/SecurityGroupIngress/-/ToPort": 6379,
}
"""By kind, logical id and property; a list's member is its prefix, or `-`. Three numbers are those of dev, staging and
prod, None where there is none.
"""


def numbers(value, path):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from numbers(part, f"{path}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part, f"{path}/{part.get('Prefix', '-') if isinstance(part, dict) else '-'}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def test_every_number_is_named(templates, environment):
    place = ENVIRONMENTS.index(environment)
    found = [
        one
        for name, resource in templates.all
        if resource["Type"] != "AWS::CloudWatch::Alarm"
        for one in numbers(resource.get("Properties", {}), f"{resource['Type'].rpartition(':')[2]}/{plain(name)}")
        if "Fn::Select" not in one[0]
    ]
    each = {path: number[place] if isinstance(number, tuple) else number for path, number in NUMBERS.items()}
    assert len(found) == len(dict(found))
    assert dict(found) == {path: number for path, number in each.items() if number is not None}
