"""Django's backend for MariaDB and MySQL, on PyMySQL: an ``ENGINE`` of Django's."""
