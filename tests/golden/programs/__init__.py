"""The golden programs: each a function of `tf`, run under TensorFlow to be recorded and under scopeflow to be checked."""
