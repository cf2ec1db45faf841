def texts(): return {}
