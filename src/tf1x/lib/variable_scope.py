def default_use_resource():
    return False
