before_fork { DB.disconnect }
