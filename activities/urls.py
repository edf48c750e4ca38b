app_name = "activities"

urlpatterns: list[object] = []
