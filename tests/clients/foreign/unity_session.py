"""A session of `unitycatalog-client` (PyPI, 0.7.0), the vendor's own, with a server of Unity Catalog: argument 1 is its URL.

Prints what it saw as JSON. Makes a table and a function, reads and lists them, meets refusals, drops everything.
"""

import asyncio
import json
import sys

from unitycatalog.client import (
    ApiClient,
    CatalogsApi,
    ColumnInfo,
    ColumnTypeName,
    Configuration,
    CreateTable,
    DataSourceFormat,
    SchemasApi,
    TablesApi,
    TableType,
)
from unitycatalog.client.exceptions import ApiException


async def session(url: str, made_by_gateway: str) -> dict:
    async with ApiClient(Configuration(host=url + "/api/2.1/unity-catalog")) as client:
        tables, seen = TablesApi(client), {}
        seen["catalog"] = (await CatalogsApi(client).get_catalog("main")).name
        seen["schemas"] = [each.name for each in (await SchemasApi(client).list_schemas("main")).schemas]
        field = {"name": "id", "type": "long", "nullable": False, "metadata": {}}
        column = ColumnInfo(
            name="id",
            type_text="bigint",
            type_name=ColumnTypeName.LONG,
            type_json=json.dumps(field),
            position=0,
            nullable=False,
        )
        wanted = CreateTable(
            name="theirs",
            catalog_name="main",
            schema_name="default",
            table_type=TableType.EXTERNAL,
            data_source_format=DataSourceFormat.DELTA,
            columns=[column],
            storage_location="file:///tmp/theirs",
        )
        seen["created"] = (await tables.create_table(wanted)).table_id is not None
        try:
            await tables.create_table(wanted)
        except ApiException as refused:
            seen["again"] = [refused.status, json.loads(refused.body)["error_code"]]
        try:
            await tables.get_table("main.default.nobody")
        except ApiException as refused:
            seen["missing"] = [refused.status, json.loads(refused.body)["error_code"]]
        ours = await tables.get_table(made_by_gateway)
        seen["ours"] = [[each.name, each.type_name.value, each.nullable] for each in ours.columns]
        seen["mark"] = ours.properties["decapolis.subject"]
        seen["listed"] = [each.name for each in (await tables.list_tables("main", "default")).tables]
        await tables.delete_table("main.default.theirs")
        return seen


sys.stdout.write(json.dumps(asyncio.run(session(sys.argv[1], sys.argv[2]))))
