"""The golden programs, functions of `tf`: run under TensorFlow to be recorded, under scopeflow to be checked."""
