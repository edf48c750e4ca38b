"""The roles, by the names of their groups, and what they are called."""

FORSKRIVARE = "forskrivare"
BUFFERT = "buffertansvarig"
CONTROLLER = "controller"
KHS = "khs"
LOGGRANSKARE = "loggranskare"

ROLE_NAMES = {
    FORSKRIVARE: "Förskrivare",
    BUFFERT: "Buffertansvarig",
    CONTROLLER: "Controller",
    KHS: "KHS",
    LOGGRANSKARE: "Loggranskare",
}
