"""An engine process whose configuration has a cluster `portal` of two shards, both itself.

What is asked of a shard runs in this process and sees its number (shardNum), so that a table of
some of the rows can be made for each; the rest is the engine's own way through a cluster.
"""

from __future__ import annotations

import sys

from portal.store.server import config
from portal.store.server.__main__ import main

SHARD = """<shard><internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9000</port></replica></shard>"""
CLUSTER = f"""    <tcp_port>9000</tcp_port>
    <macros><shard>1</shard><replica>a</replica></macros>
    <remote_servers><portal>{SHARD}{SHARD}</portal></remote_servers>
</clickhouse>
"""

if __name__ == "__main__":
    config.TEMPLATE = config.TEMPLATE.replace("</clickhouse>\n", CLUSTER)
    sys.exit(main(sys.argv[1:]))
