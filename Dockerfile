# yololab with all that it trains, evaluates and exports with.
#   docker build -t yololab .                               for a CPU
#   docker build -t yololab:gpu --build-arg DEVICE=gpu .    for NVIDIA GPUs; PyTorch brings CUDA, the host the driver
# docs/guides/install.md says how it is run.
FROM python:3.12-slim-bookworm

ARG DEVICE=cpu
# PyTorch's own packages for a CPU; those of PyPI carry gigabytes of CUDA.
ARG TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu

# OpenCV needs libgl1 and libglib2.0-0, the record's provenance git. Debian's versions move with its security updates.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/yololab
COPY constraints.txt ./
RUN case "$DEVICE" in \
        cpu) index="--index-url=$TORCH_CPU_INDEX" ;; \
        gpu) index="" ;; \
        *) echo "DEVICE is cpu or gpu" >&2; exit 2 ;; \
    esac \
    && python -m pip install --no-cache-dir --no-deps --constraint constraints.txt ${index:+"$index"} torch torchvision
COPY pyproject.toml README.md LICENSE ./
COPY conf conf
COPY src src
RUN python -m pip install --no-cache-dir --constraint constraints.txt .

# Whoever it runs as (docker run --user "$(id -u):$(id -g)") can write the caches; nothing runs as root.
ENV HOME=/cache XDG_CACHE_HOME=/cache XDG_CONFIG_HOME=/cache MPLCONFIGDIR=/cache/matplotlib \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN mkdir --mode=1777 /cache /work
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["yololab"]
CMD ["--help"]
