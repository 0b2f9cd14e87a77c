"""What a device maps, against its EDS, a profile or a DBC: findings with evidence, and reports of them.

    with open_device("socketcan", "can0", node_id=5, eds="drive.eds") as device:
        dictionary, knowledge = device.node.dictionary, Knowledge()
        seen = observe(device, further_objects(dictionary, knowledge))
    report = audit(seen, dictionary, knowledge=knowledge)

`audit` and `further_objects` are in `auditing.py`. The audit is pure: it judges what was read, and knows no bus.
"""
