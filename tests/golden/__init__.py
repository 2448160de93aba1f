"""Golden data: what TensorFlow 1's programming model answers, made by make_golden.py under real TensorFlow."""
