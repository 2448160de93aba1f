import scopeflow.engine.ops
def test_x(): assert scopeflow.__file__
