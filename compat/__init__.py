"""Floor 6: TensorFlow's other spellings, thin."""
