"""A Lambda function of ours: its bundle, its log group, its role with just what it needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.accepted import accept
from stacks.deployments import Deployment

_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda needs to put a function into a VPC (AWS, "Giving Lambda functions access to resources in a VPC")."""


class Function(Construct):
    """`function`, its `role`, and where it logs. `bundles` is the folder that `package-functions.sh` fills,
    `concurrency` how many of it may run at once, which are then kept for it.
    """

    def __init__(  # noqa: PLR0913, a function has as many sides
        self,
        scope: Construct,
        name: str,
        deployment: Deployment,
        bundles: Path,
        *,
        memory: int,
        timeout: Duration,
        settings: Mapping[str, str],
        vpc: ec2.IVpc | None = None,
        security_group: ec2.ISecurityGroup | None = None,
        concurrency: int | None = None,
    ) -> None:
        super().__init__(scope, name)
        bundle = bundles / f"{name}.zip"
        if not bundle.is_file():
            raise FileNotFoundError(f"{bundle} is not there; backend/scripts/package-functions.sh makes it")
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{deployment.named(name)}",
            retention=deployment.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=deployment.named(name),
            runtime=lambda_.Runtime(deployment.runtime),
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(bundle)),
            handler="handler.handler",
            memory_size=memory,
            timeout=timeout,
            role=self.role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                "ENVIRONMENT": deployment.name,
                "OTEL_SERVICE_NAME": deployment.named(name),
                **({"OTEL_EXPORTER_OTLP_ENDPOINT": deployment.otlp} if deployment.otlp else {}),
                **settings,
                **deployment.settings_of(name),
            },
            reserved_concurrent_executions=concurrency,
            vpc=vpc,
            security_groups=[security_group] if security_group else None,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED) if vpc else None,
        )
        if vpc:
            self._allow_interfaces(deployment.named(name))
        accept(
            self.function,
            "AwsSolutions-L1",
            "The runtime is the one that the tests run on; --context runtime=python3.13 chooses another one.",
        )
        accept(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources."
            + (" Network interfaces are Lambda's to make; what runs in the function is denied them." if vpc else ""),
        )

    def _allow_interfaces(self, name: str) -> None:
        """Let Lambda make the function's network interfaces, and what runs in the function not."""
        self.allow(*_INTERFACES, on="*")
        stack = Stack.of(self)
        itself = f"arn:{stack.partition}:lambda:{stack.region}:{stack.account}:function:{name}"
        self.role.add_to_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(_INTERFACES),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": itself}},
            )
        )

    def allow(self, *actions: str, on: str | list[str], items: Sequence[str] = ()) -> None:
        """Grant these actions, and no others, on these resources. `items`: of a table, those with such a partition key;
        a `*` at its end stands for anything.

        An action that names no key, as Scan, would pass by `items`: never grant one.
        """
        resources = [on] if isinstance(on, str) else on
        conditions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(items)}} if items else None
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources, conditions=conditions))

    def takes(self, queue: sqs.IQueue, **options: object) -> None:
        """Be started with the messages of `queue`. `options`: those of EventSourceMapping.

        CDK's SqsEventSource would grant GetQueueUrl and ChangeMessageVisibility too, which Lambda does not need.
        """
        self.allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", on=queue.queue_arn)
        self.function.add_event_source_mapping(f"From{queue.node.id}", event_source_arn=queue.queue_arn, **options)
