from django.apps import AppConfig


class PickupsConfig(AppConfig):
    name = "pickups"
    verbose_name = "Hämtorder och returer"
