"""The PDOs of a device, as canopen's `PdoMap`, with every slot where the device has it."""
