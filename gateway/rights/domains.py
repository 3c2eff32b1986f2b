"""In which domains may a person have a pseudonym?"""

from gateway.rights.ports import Ports
from workers.store import numbering
from workers.store.transactions import transaction


def domain_keys(ports: Ports) -> tuple[str, ...]:
    """Give every domain ever declared in this store, and those of the rulebook in force.

    A domain that left the rulebook still has rows until they expire; an access report shows them
    and an erasure reaches them.
    """
    with transaction(ports.store) as store:
        ever = numbering.domain_keys(store).values()
    return tuple(sorted({*ever, *ports.rules.domains}))
