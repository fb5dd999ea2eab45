"""The program of a rank of NEST, of which MPI starts several, perhaps on several machines.

    mpirun -n 4 python -m wmdelays.nest_models.ranks memory.h5 recalled

With one rank it runs in a NEST without MPI too. It answers signals before anything else is imported.
"""

import argparse
import os
import sys

from wmdelays.machine.interrupts import Interrupts


def main():
    """Recall as one rank, from the command line; ends as the commands of `wmdelays` do."""
    with Interrupts() as interrupts:
        status = interrupts.status(_run(interrupts))
    if status:
        # The other ranks wait for this one in MPI, and so would it for them at Python's own end.
        sys.stderr.flush()
        os._exit(status)


def _run(interrupts):
    parser = argparse.ArgumentParser(
        prog="mpirun -n RANKS python -m wmdelays.nest_models.ranks",
        description="Recall every pattern of a memory in a NEST with MPI.",
    )
    parser.add_argument("memory", help="a memory file in discrete time")
    parser.add_argument("folder", help="where each rank writes the spikes of its neurons")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="threads of each rank, at most its machine's processors",
    )
    given = parser.parse_args()
    from wmdelays.errors import named_as_flags
    from wmdelays.machine.ending import failed
    from wmdelays.nest_models.rank_recall import recall_in_rank

    interrupts.imported()
    # What NEST says by itself is no result, and its greeting no news.
    os.dup2(2, 1)
    os.environ["PYNEST_QUIET"] = "1"
    try:
        with named_as_flags():
            print(recall_in_rank(given.memory, given.folder, given.threads), file=sys.stderr)
        return 0
    except (KeyboardInterrupt, Exception) as error:
        # Some turn an interrupt into an error of their own.
        status = failed(error if interrupts.came is None else KeyboardInterrupt())
        if status is None:
            raise
        return status


if __name__ == "__main__":
    main()
