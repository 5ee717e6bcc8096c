"""One adapter a client, all with the interface of `client.Client`."""

from .aria2 import Aria2, Aria2WithUdp
from .client import Client, Endpoint, in_url
from .libtorrent_session import LibtorrentSession
from .qbittorrent import QBittorrent
from .rtorrent import RTorrent
from .transmission import Transmission

__all__ = ["ALL_CLIENTS", "UDP_CLIENTS", "Aria2", "Aria2WithUdp", "Client", "Endpoint",
           "LibtorrentSession", "QBittorrent", "RTorrent", "Transmission", "in_url"]

ALL_CLIENTS = (QBittorrent, Transmission, Aria2, LibtorrentSession, RTorrent)
UDP_CLIENTS = (QBittorrent, Transmission, Aria2WithUdp, LibtorrentSession, RTorrent)
