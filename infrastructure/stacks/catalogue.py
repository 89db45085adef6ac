"""Catalogue: the history as tables of Glue, and a workgroup of Athena to ask them in SQL.

Partitions are projected from the names of the folders: no crawler, nothing to refresh, an hour is there when its file
is. The columns are those that `scripts/lake-columns.py` of the backend writes; a test there holds both together.
"""

import json
from pathlib import Path

from aws_cdk import Aws, CfnOutput, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from stacks.deployments import Deployment
from stacks.storage import QUERIES, Storage

COLUMNS = json.loads(Path(__file__).with_name("lake_columns.json").read_text("utf-8"))
"""Name to Hive type, in their order."""

FIRST_DAY = "2020-01-01"
MOST_SCANNED = 100 * 10**9
"""Bytes a query: half a dollar. A month of the globe every 30 s is half of that."""

_ABOUT = {
    "states": "Compacted hours: every state that changed, once, sorted by aircraft and time",
    "recent": "States of hours not compacted yet; some may be there twice, or in `states` too",
}


class Catalogue(Stack):
    """`database`, with a table for each of `states` and `recent`; `workgroup`."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment, storage: Storage) -> None:
        super().__init__(scope, identity)
        name = f"flightdata_{deployment.name}"
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=name, description="Flight data, history"),
        )
        for table in _ABOUT:
            self._table(name, table, f"s3://{storage.history.bucket_name}/{table}").add_resource_dependency(
                self.database
            )
        self.workgroup = self._workgroup(deployment, storage)
        CfnOutput(self, "WorkgroupName", value=self.workgroup.name)

    def _table(self, database: str, name: str, location: str) -> glue.CfnTable:
        partitions = {"date": "string", "hour": "string"}
        return glue.CfnTable(
            self,
            name.title(),
            catalog_id=Aws.ACCOUNT_ID,
            database_name=database,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                description=_ABOUT[name],
                table_type="EXTERNAL_TABLE",
                partition_keys=_columns(partitions),
                parameters={"classification": "parquet", "EXTERNAL": "TRUE", **_projection(location)},
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=_columns(COLUMNS),
                    location=f"{location}/",
                    input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )

    def _workgroup(self, deployment: Deployment, storage: Storage) -> athena.CfnWorkGroup:
        encrypted = athena.CfnWorkGroup.EncryptionConfigurationProperty(encryption_option="SSE_S3")
        return athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=deployment.named("history"),
            description="Questions to the history",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=MOST_SCANNED,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{storage.history.bucket_name}/{QUERIES}",
                    encryption_configuration=encrypted,
                ),
            ),
        )


def _columns(types: dict[str, str]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in types.items()]


def _projection(location: str) -> dict[str, str]:
    """Which folders there may be; those there are not are no rows."""
    return {
        "projection.enabled": "true",
        "projection.date.type": "date",
        "projection.date.format": "yyyy-MM-dd",
        "projection.date.range": f"{FIRST_DAY},NOW+1DAYS",
        "projection.hour.type": "integer",
        "projection.hour.range": "0,23",
        "projection.hour.digits": "2",
        "storage.location.template": f"{location}/date=${{date}}/hour=${{hour}}",
    }
