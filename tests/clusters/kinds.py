"""The clusters of MySQL's protocol each of whose nodes can be written to."""

from __future__ import annotations

import os

from devtools.clusters.galera import galera
from devtools.clusters.group_replication import group_replication

from .writers import Kind

GALERA = Kind(
    runs=galera,
    numbers=int(os.environ.get("ASEQ_NUMBERS", "5000")),
    # 1180 is that of a COMMIT on a node cut off.
    unknown=frozenset({1053, 1180, 2002, 2003, 2006, 2013, 2014}),
    accepts="SELECT variable_value = 'ON' FROM information_schema.global_status "
    "WHERE variable_name = 'wsrep_ready'",
    up_to_date="SET SESSION wsrep_sync_wait = 1",
)
MYSQL = Kind(
    runs=group_replication,
    numbers=int(os.environ.get("ASEQ_NUMBERS", "2000")),
    # 1180 and 3100 come at COMMIT: the latter says that the group never answered. 3797: the
    # node has nobody to ask whether it is up to date.
    unknown=frozenset({1053, 1180, 2002, 2003, 2006, 2013, 2014, 3100, 3797}),
    accepts="SELECT COUNT(*) FROM performance_schema.replication_group_members "
    "WHERE member_id = @@server_uuid AND member_state = 'ONLINE' AND NOT @@super_read_only",
    up_to_date="SET SESSION group_replication_consistency = 'BEFORE'",
)
# By what ASEQ_CLUSTERS calls them.
KINDS = {"galera": GALERA, "group_replication": MYSQL}
