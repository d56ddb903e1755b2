"""Reads services from other catalogues: Backstage, topics of repositories, labels of measurements."""
