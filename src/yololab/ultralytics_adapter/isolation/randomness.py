"""The random state of the host process, given back as it was: Ultralytics reseeds everything and undoes all flags."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_VARIABLES = ("CUBLAS_WORKSPACE_CONFIG", "PYTHONHASHSEED")


@contextmanager
def preserved_randomness() -> Iterator[None]:
    """Put back all random generators and determinism flags on leaving.

    A training seeds all generators itself before it draws anything, so it does not depend on what went before in the
    process; and with this it leaves nothing behind either.
    """
    import torch

    python, legacy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn, fill = torch.backends.cudnn.deterministic, torch.utils.deterministic.fill_uninitialized_memory
    variables = {name: os.environ.get(name) for name in _VARIABLES}
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        torch.set_rng_state(cpu)
        if gpus is not None:
            torch.cuda.set_rng_state_all(gpus)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.deterministic = cudnn
        torch.utils.deterministic.fill_uninitialized_memory = fill
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
