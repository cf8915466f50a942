"""The random state of the host process, given back as it was: Ultralytics reseeds everything and undoes all flags."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from yololab.ultralytics_adapter.isolation.patching import preserved_environment

_VARIABLES = ("CUBLAS_WORKSPACE_CONFIG", "PYTHONHASHSEED")


@contextmanager
def preserved_randomness() -> Iterator[None]:
    """Put back all random generators and determinism flags on leaving.

    A training seeds all generators itself before it draws anything, so it does not depend on what went before in the
    process; and with this it leaves nothing behind either.
    """
    import torch

    python, legacy = random.getstate(), np.random.get_state()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn, fill = torch.backends.cudnn.deterministic, torch.utils.deterministic.fill_uninitialized_memory
    try:
        with preserved_environment(*_VARIABLES), torch.random.fork_rng(devices=gpus):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.deterministic = cudnn
        torch.utils.deterministic.fill_uninitialized_memory = fill
