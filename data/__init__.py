"""Floor 4, `tf.data`: what programs read their examples from."""
