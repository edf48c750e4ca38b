from django.http import HttpResponse


def parts(request):
    return HttpResponse("")
