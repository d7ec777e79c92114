"""The Pulumi program: settings in, platform out."""

import pulumi

from components.errors import SettingsError
from components.platform import CustomerSignalPlatform
from components.settings import load_settings

try:
    settings = load_settings(pulumi.Config("signals").require_object("settings"))
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None

platform = CustomerSignalPlatform("signals", settings=settings)
for name, value in platform.outputs.items():
    pulumi.export(name, value)
