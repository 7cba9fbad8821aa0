"""The engine's decisions without a database: events and time go in, touches and the reasons for them come out. Pure."""
