"""API: HTTP requests → the API function, which alone is in the VPC, beside its cache.

No NAT: S3 and DynamoDB are reached through gateway endpoints, which let through what the function may read and nothing
else, whatever credentials somebody may have in there.
"""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.accepted import accept
from stacks.deployments import Deployment
from stacks.function import Function
from stacks.storage import FLIGHTS, HEALTH, KEYS, LIVE, LIVE_PARTS, PAST, Storage

REDIS_PORT = 6379
MAX_ANSWER_BYTES = 4_000_000
"""Lambda answers 6 MB at most, of what is not text in base64, which is a third more."""
MAX_ANSWER_SECONDS = 23
"""Less than the 24 s after which the function asks AWS for nothing more: of 30 s it keeps 3, and 3 for one answer."""
QUICKLY = {"AWS_TIMEOUT_SECONDS": "2", "AWS_MAX_ATTEMPTS": "2"}
"""An AWS that is silent is told to a client within seconds; the others have time, and nobody who waits."""
ALLOWED_HEADERS = ["Authorization", "X-API-Key", "If-None-Match"]
EXPOSED_HEADERS = ["X-Request-ID", "Link", "X-Total-Count", "ETag"]
"""Of a page on another origin, as `flightdata.web` has them."""
FRUGAL = {"MALLOC_ARENA_MAX": "1", "POLARS_MAX_THREADS": "1"}
"""With these, questions about the past took 251 MB, without 284; today they take 213 (`make bench-functions`). At 256
MB there is a seventh of a processor, so one thread is enough.
"""
_LOG_FORMAT = (
    '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","time":"$context.requestTime",'
    '"method":"$context.httpMethod","path":"$context.path","status":"$context.status",'
    '"latency":"$context.responseLatency","error":"$context.integrationErrorMessage"}'
)


class Api(Stack):
    """`api`: the gateway; `function`; `cache`."""

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        bundles: Path,
        storage: Storage,
    ) -> None:
        super().__init__(scope, identity)
        vpc = self._vpc(storage)
        access = ec2.SecurityGroup(self, "Access", vpc=vpc, description="The API function", allow_all_outbound=True)
        self.cache = self._cache(deployment, vpc, access)
        address = self.cache.attr_primary_end_point_address
        with_keys = deployment.auth != "off"
        self.function = Function(
            self,
            "flight-api",
            deployment,
            bundles,
            memory=256,
            timeout=Duration.seconds(30),
            vpc=vpc,
            security_group=access,
            concurrency=deployment.api_concurrency,
            settings={
                "DYNAMODB_FLIGHTS_TABLE": storage.table.table_name,
                "S3_HISTORY_BUCKET": storage.history.bucket_name,
                **QUICKLY,
                "MAX_ANSWER_BYTES": str(MAX_ANSWER_BYTES),
                "MAX_ANSWER_SECONDS": str(MAX_ANSWER_SECONDS),
                "REDIS_CLUSTER_ENDPOINT": f"rediss://{address}:{REDIS_PORT}",
                "API_AUTH": deployment.auth,
                **FRUGAL,
            },
        )
        table = storage.table.table_arn
        self.function.allow("dynamodb:GetItem", on=table, items=[LIVE, KEYS] if with_keys else [LIVE])
        self.function.allow("dynamodb:Query", on=table, items=[LIVE_PARTS, FLIGHTS, HEALTH])
        self.function.allow("dynamodb:BatchGetItem", on=table, items=[FLIGHTS])
        self.function.allow("dynamodb:Query", on=storage.flight_indexes())
        self.function.allow("s3:ListBucket", on=storage.history.bucket_arn)
        storage.allow_history(self.function, "s3:GetObject", *PAST)
        self.api = self._gateway(deployment)
        CfnOutput(self, "Url", value=self.api.api_endpoint)

    def _vpc(self, storage: Storage) -> ec2.Vpc:
        isolated = ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])
        items = vpc.add_gateway_endpoint("DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        table = storage.table.table_arn
        asked = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        items.add_to_policy(_to_anybody(*asked, on=[table, *storage.flight_indexes()]))
        files = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        files.add_to_policy(_to_anybody("s3:ListBucket", on=[storage.history.bucket_arn]))
        files.add_to_policy(
            _to_anybody("s3:GetObject", on=[storage.history.arn_for_objects(f"{folder}*") for folder in PAST])
        )
        accept(
            vpc,
            "AwsSolutions-VPC7",
            "One function is inside; nothing comes in, and out goes what the endpoints' policies let through.",
        )
        return vpc

    def _cache(
        self, deployment: Deployment, vpc: ec2.Vpc, access: ec2.SecurityGroup
    ) -> elasticache.CfnReplicationGroup:
        inside = ec2.CfnSecurityGroup(
            self,
            "CacheAccess",
            group_description="The cache of the API",
            vpc_id=vpc.vpc_id,
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=REDIS_PORT,
                    to_port=REDIS_PORT,
                    source_security_group_id=access.security_group_id,
                    description="The API function",
                )
            ],
        )
        subnets = elasticache.CfnSubnetGroup(
            self,
            "CacheSubnets",
            description="The cache of the API",
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids,
        )
        several = deployment.keeps_data
        cache = elasticache.CfnReplicationGroup(
            self,
            "Cache",
            replication_group_id=deployment.named("cache"),
            replication_group_description="Live versions and answers of the API; may be lost at any time",
            engine="redis",
            engine_version="7.1",
            cache_node_type="cache.t4g.micro",
            num_cache_clusters=2 if several else 1,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            at_rest_encryption_enabled=True,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            cache_subnet_group_name=subnets.ref,
            security_group_ids=[inside.attr_group_id],
            port=REDIS_PORT,
        )
        for rule, reason in _CACHE_REASONS.items():
            accept(cache, rule, reason)
        return cache

    def _gateway(self, deployment: Deployment) -> gateway.HttpApi:
        log_group = logs.LogGroup(
            self,
            "AccessLogs",
            log_group_name=f"/aws/apigateway/{deployment.named('api')}",
            retention=deployment.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        api = gateway.HttpApi(
            self,
            "Gateway",
            api_name=deployment.named("api"),
            create_default_stage=False,
            cors_preflight=_cors(deployment.origins) if deployment.origins else None,
            default_integration=integrations.HttpLambdaIntegration("Integration", self.function.function),
        )
        gateway.CfnStage(
            self,
            "Stage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=_LOG_FORMAT
            ),
            default_route_settings=gateway.CfnStage.RouteSettingsProperty(
                throttling_burst_limit=200, throttling_rate_limit=100
            ),
        )
        accept(
            api,
            "AwsSolutions-APIG4",
            "Live answers are public, as the map, unless --context auth=required; the stage throttles.",
        )
        return api


def _cors(origins: Sequence[str]) -> gateway.CorsPreflightOptions:
    """As the application has it on one machine; with this the gateway answers preflights, and wakes no function."""
    return gateway.CorsPreflightOptions(
        allow_origins=list(origins),
        allow_methods=[gateway.CorsHttpMethod.GET],
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=Duration.minutes(10),
    )


def _to_anybody(*actions: str, on: list[str]) -> iam.PolicyStatement:
    """What an endpoint lets through; who may do so is said by roles."""
    return iam.PolicyStatement(actions=list(actions), resources=on, principals=[iam.AnyPrincipal()])


_CACHE_REASONS = {
    "AwsSolutions-AEC4": "It holds copies only; outside prod one node does, and its loss is a miss.",
    "AwsSolutions-AEC5": "The port is open to the API function's security group alone.",
    "AwsSolutions-AEC6": "No other than the API function reaches it; it holds copies of answers.",
}
