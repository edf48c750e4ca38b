app_name = "pickups"

urlpatterns: list = []
