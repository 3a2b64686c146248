# CONTEXT {'guest_os': 'UBUNTU'}
# What the models of scripts/primes need: a place for their work.
ARG BASE_DOCKER=madengine-base:busybox
FROM $BASE_DOCKER
RUN mkdir -p /opt/primes
