"""Settings: are they read, do they work, are there some that nobody reads?"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from flightdata.cli.doctor.finding import Finding, failed, passed, warned
from flightdata.settings import ENV_FILE, Settings, strays


def load(**given: object) -> tuple[Settings | None, list[Finding]]:
    """The settings, None if they cannot work, and what was found about them."""
    named = {name: value for name, value in given.items() if value is not None}
    try:
        loaded = Settings(**named)  # type: ignore[arg-type]  # what is wrong with them is what we want to know
    except ValidationError as error:
        return None, [_env_file(), *_invalid(error)]
    except (OSError, UnicodeDecodeError) as error:
        return None, [failed(".env", f"cannot be read: {_reason(error)}", "write it as UTF-8 text that you may read")]
    return loaded, [_env_file(), passed("settings", "are valid"), *_strays()]


def _env_file() -> Finding:
    path = Path(ENV_FILE).absolute()
    found = f"{path} is read" if path.is_file() else f"there is none in {path.parent}; settings come from outside"
    return passed(".env", found)


def _invalid(error: ValidationError) -> Iterator[Finding]:
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(map(str, one["loc"])).upper()
        yield failed("settings", f"{name}: {one['msg']}", "put it right in .env or the environment; see .env.example")


def _strays() -> Iterator[Finding]:
    for one in strays():
        meant = f"did you mean {one.meant}?" if one.meant else "see .env.example for those that there are"
        yield warned("settings", f"{one.name} ({one.where}) is read by nobody", meant)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "it is no UTF-8 text"
